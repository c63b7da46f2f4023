/**
 * The forecast against what a real controller decided: recorded-decisions.json holds 1,256 decisions of kube-controller-manager 1.36.3 in
 * 59 scenarios, each 15 s after the one before, over a real API server with pods that were faked and metrics after metrics-server's rules.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

type Recorded = {
  readonly name: string;
  /** Of `skyops hpa`, with one space between them. */
  readonly args: string;
  /** After each decision of the controller. */
  readonly replicas: readonly number[];
  /**
   * Decisions in which the forecast is known to be another: a pod was a hair older or younger than the 15 s at which the controller
   * believes its metrics, a look was fresher than the forecast assumes, or 53.99 % was 54.
   */
  readonly differing: number;
};

const recorded: readonly Recorded[] = JSON.parse(
  readFileSync(new URL('recorded-decisions.json', import.meta.url), 'utf8'),
);
const SKYOPS = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

function forecastOf(args: string): readonly number[] {
  const said = execFileSync(process.execPath, [SKYOPS, 'hpa', ...args.split(' '), '--json'], { encoding: 'utf8' });
  return JSON.parse(said).moments.map(({ replicas }: { replicas: number }) => replicas);
}

describe('the forecast of the autoscaler, against a real controller', () => {
  for (const { name, args, replicas, differing } of recorded) {
    it(`forecasts ${replicas.length - differing} of ${replicas.length} decisions: ${name}`, () => {
      const forecast = forecastOf(args);
      const others = replicas.filter((count, index) => count !== forecast[index]).length;
      assert.ok(others <= differing, `real     ${replicas}\nforetold ${forecast.slice(0, replicas.length)}`);
    });
  }
});
