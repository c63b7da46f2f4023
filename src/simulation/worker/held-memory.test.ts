import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { HeldMemory } from './held-memory.ts';
import { addressOf, residentBytes } from './resident-pages.ts';

const MEBIBYTE = 1024 ** 2;

/** Anonymous memory of this process, as the kernel counts it. */
function rssAnonBytes(): number {
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}

/** The rest of the process moves by a few MiB while a test runs. */
const NOISE_BYTES = 12 * MEBIBYTE;

describe('held memory', () => {
  it('is resident as far as it has grown, and goes back to the kernel as far as it has shrunk', () => {
    const before = rssAnonBytes();
    const memory = new HeldMemory(256 * MEBIBYTE, Math.random);
    for (const wanted of [64, 256, 128, 192, 0]) {
      memory.resize(wanted * MEBIBYTE);
      const grown = rssAnonBytes() - before;
      assert.ok(Math.abs(grown - wanted * MEBIBYTE) < NOISE_BYTES, `${grown / MEBIBYTE} MiB for ${wanted}`);
    }
  });

  it('knows from the page table what is resident', () => {
    const memory = new HeldMemory(32 * MEBIBYTE, Math.random);
    memory.resize(24 * MEBIBYTE);
    assert.equal(memory.resident(), 24 * MEBIBYTE);
    memory.resize(8 * MEBIBYTE);
    assert.equal(memory.resident(), 8 * MEBIBYTE);
  });

  it('counts only the pages that were touched', () => {
    const buffer = new ArrayBuffer(0, { maxByteLength: 16 * MEBIBYTE });
    buffer.resize(16 * MEBIBYTE);
    const content = new Uint8Array(buffer);
    const signature = crypto.getRandomValues(new Uint8Array(32));
    content.set(signature);
    content.fill(1, 4096, 5 * 4096);
    const address = addressOf(signature);
    assert.ok(address !== undefined);
    assert.equal(residentBytes(address, 16 * MEBIBYTE), 5 * 4096);
  });

  it('says that it does not know where there is no such memory', () => {
    assert.equal(addressOf(crypto.getRandomValues(new Uint8Array(32))), undefined);
    assert.equal(residentBytes(4096, 4096), 0);
  });

  it('holds whole pages', () => {
    const memory = new HeldMemory(10_000, Math.random);
    memory.resize(10_000);
    assert.equal(memory.bytes, 12_288);
  });

  it('stops growing when it is told to', () => {
    const memory = new HeldMemory(64 * MEBIBYTE, Math.random);
    let looks = 0;
    memory.resize(64 * MEBIBYTE, () => {
      looks += 1;
      return looks > 3;
    });
    assert.equal(memory.bytes, 3 * MEBIBYTE);
    memory.resize(0);
  });
});
