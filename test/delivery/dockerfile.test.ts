/** The Dockerfile: the rules of hadolint that apply, each with a mutant. That the image is what it should be is shown by building it (make test-image). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
const ignored = readFileSync(new URL('../../.dockerignore', import.meta.url), 'utf8');

/** Instructions with their words, continuation lines joined, comments left out. */
function instructionsOf(text: string): { readonly name: string; readonly words: string }[] {
  return text
    .replace(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', ...words] = line.trim().split(' ');
      return { name, words: words.join(' ') };
    });
}

/** What comes after the last FROM: the image that ships. */
function lastStage(text: string) {
  const all = instructionsOf(text);
  return all.slice(all.findLastIndex(({ name }) => name === 'FROM'));
}

type Rule = { readonly broken: (text: string) => readonly unknown[]; readonly mutant: (text: string) => string };

const RULES: Readonly<Record<string, Rule>> = {
  'DL3002, DL3066: the last user is a number and not root': {
    broken: (text) => {
      const user = lastStage(text).findLast(({ name }) => name === 'USER')?.words ?? '0';
      return /^[1-9]\d{4,}:[1-9]\d{4,}$/.test(user) ? [] : [user];
    },
    mutant: (text) => text.replace(/USER 65532:65532\nEXPOSE/, 'USER skyops\nEXPOSE'),
  },
  'DL3006, DL3007: every base has a version that is not latest': {
    broken: (text) => {
      const bases = [...text.matchAll(/^(?:ARG \w+_IMAGE=|FROM )(\S+)/gm)].map(([, base = '']) => base);
      return bases.filter(
        (base) => base !== 'scratch' && !base.startsWith('$') && !/:[\w.-]+$/.test(base.replace(/:latest$/, '')),
      );
    },
    mutant: (text) => text.replace(/node:[\d.]+-bookworm-slim/, 'node:latest'),
  },
  'DL3008, DL3016, DL3018: nothing is installed but by the lockfile': {
    broken: (text) => [...text.matchAll(/apt-get install|apk add|npm (install|i) |yarn add|pip install|curl |wget /g)],
    mutant: (text) => text.replace('npm ci', 'npm install left-pad'),
  },
  'DL3020: COPY, not ADD': {
    broken: (text) => instructionsOf(text).filter(({ name }) => name === 'ADD'),
    mutant: (text) => text.replace('COPY src src', 'ADD src src'),
  },
  'DL3025: the entry is a list of words, so that it is process 1': {
    broken: (text) =>
      instructionsOf(text).filter(({ name, words }) => /^(ENTRYPOINT|CMD)$/.test(name) && !words.startsWith('[')),
    mutant: (text) => text.replace(/ENTRYPOINT \[.*/, 'ENTRYPOINT node src/main.js #'),
  },
  'DL3045, DL3000: relative places follow an absolute WORKDIR': {
    broken: (text) => instructionsOf(text).filter(({ name, words }) => name === 'WORKDIR' && !words.startsWith('/')),
    mutant: (text) => text.replace('WORKDIR /build', 'WORKDIR build'),
  },
  'DL3048 to DL3058: the labels of OCI': {
    broken: (text) =>
      ['title', 'description', 'licenses', 'version', 'revision', 'created'].filter(
        (label) => !text.includes(`org.opencontainers.image.${label}=`),
      ),
    mutant: (text) => text.replace('org.opencontainers.image.licenses', 'license'),
  },
  'DL3064: no secret in an argument or a variable': {
    broken: (text) =>
      instructionsOf(text).filter(
        ({ name, words }) => /^(ARG|ENV)$/.test(name) && /token|secret|password|key/i.test(words),
      ),
    mutant: (text) => text.replace('ARG COMMIT=', 'ARG NPM_TOKEN=\nARG COMMIT='),
  },
  'DL3059: no RUN right behind another': {
    broken: (text) =>
      instructionsOf(text).filter(({ name }, index, all) => name === 'RUN' && all[index - 1]?.name === 'RUN'),
    mutant: (text) => text.replace(' \\\n && mkdir -p /image', '\nRUN mkdir -p /image'),
  },
  'DL4006: a pipe fails where one of its programs fails': {
    broken: (text) => {
      const all = instructionsOf(text);
      const shell = all.findIndex(({ name, words }) => name === 'SHELL' && words.includes('"pipefail"'));
      return all.filter(
        ({ name, words }, index) => name === 'RUN' && / \| /.test(words) && !(shell >= 0 && shell < index),
      );
    },
    mutant: (text) => text.replace('"-o", "pipefail", ', ''),
  },
  'DL4003, DL4004, DL3012: one entry, one health check': {
    broken: (text) =>
      ['ENTRYPOINT', 'HEALTHCHECK'].filter((each) => lastStage(text).filter(({ name }) => name === each).length !== 1),
    mutant: (text) => `${text}\nENTRYPOINT ["/bin/true"]\n`,
  },
  'the image that ships starts from nothing': {
    broken: (text) => lastStage(text).filter(({ name, words }) => name === 'FROM' && words !== 'scratch'),
    mutant: (text) => text.replace('FROM scratch', 'FROM program'),
  },
  'Node has no more rights than it needs: M17, M18': {
    broken: (text) => {
      const entry = text.slice(text.indexOf('ENTRYPOINT'));
      const wanted = [
        '--disable-sigusr1',
        '--disable-proto=delete',
        '--no-addons',
        '--permission',
        '--allow-net',
        '--allow-fs-read=/app',
      ];
      const unwanted = [
        '--allow-child-process',
        '--allow-addons',
        '--allow-wasi',
        '--allow-fs-read=*',
        '--allow-fs-write=*',
      ];
      return [
        ...wanted.filter((flag) => !entry.includes(`"${flag}"`)),
        ...unwanted.filter((flag) => entry.includes(flag)),
      ];
    },
    mutant: (text) => text.replace('"--permission", ', '"--allow-child-process", '),
  },
};

describe('the Dockerfile', () => {
  for (const [name, { broken, mutant }] of Object.entries(RULES)) {
    it(name, () => {
      assert.deepEqual(broken(dockerfile), []);
      assert.notEqual(mutant(dockerfile), dockerfile);
      assert.ok(broken(mutant(dockerfile)).length > 0, 'the mutant passes');
    });
  }

  it('has the runtime of package.json, to the last digit', () => {
    const { node } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).devDependencies;
    assert.match(dockerfile, new RegExp(`^ARG NODE_IMAGE=docker\\.io/library/node:${node}-bookworm-slim$`, 'm'));
  });

  it('sends to the builder only what is asked for by name', () => {
    const lines = ignored.trim().split('\n');
    assert.equal(lines[0], '*');
    assert.ok(!lines.includes('!.'), 'not everything');
    for (const [, source = ''] of dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)) {
      for (const path of source.split(' ')) assert.ok(lines.includes(`!${path}`), path);
    }
  });
});
