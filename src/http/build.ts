/** Which build this is, as answers, metrics and log lines name it. */
import { textSetting } from '#foundation/setting.ts';

export const buildSettings = {
  commit: textSetting<string | null>({
    variable: 'SKYOPS_COMMIT',
    meaning: 'The commit that was built; the image sets it.',
    expected: 'a commit hash of 7 to 64 hexadecimal digits',
    accepts: (text) => /^[0-9a-f]{7,64}$/.test(text),
    fallback: null,
  }),
};

export type Build = {
  readonly name: string;
  readonly version: string;
  /** The commit it was built from, `null` in a checkout. */
  readonly commit: string | null;
  /** The runtime and its version, as in `node v26.1.0`. */
  readonly runtime: string;
};
