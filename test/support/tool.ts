/** Programs of the machine that tests use as they are. */
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { missing } from './chromium.ts';

/** Whether the program is there; without it the test is skipped with the reason, and fails in CI. */
export function hasTool(test: TestContext, name: string): boolean {
  const isThere = spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
  if (!isThere) missing(test, `${name} is not installed`);
  return isThere;
}
