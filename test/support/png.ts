/** Reads the pixels of a PNG, and finds what should not be there. */
import { inflateSync } from 'node:zlib';

type Image = {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, each 0 to 255; where it is transparent, as on a white page. */
  readonly at: (x: number, y: number) => readonly [number, number, number];
};

/** @param file with 8 bits for each colour, with or without transparency, not interlaced: what rsvg-convert writes. */
export function readPng(file: Buffer): Image {
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  const [depth, colourType, , , interlace] = file.subarray(24, 29);
  if (depth !== 8 || !(colourType === 2 || colourType === 6) || interlace !== 0) throw new Error('another kind of PNG');
  const channels = colourType === 6 ? 4 : 3;
  const parts: Buffer[] = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  }
  const pixels = unfiltered(inflateSync(Buffer.concat(parts)), width * channels, height, channels);
  return {
    width,
    height,
    at: (x, y) => {
      const from = (y * width + x) * channels;
      const [red = 0, green = 0, blue = 0, alpha = 255] = pixels.subarray(from, from + channels);
      const onWhite = (value: number) => 255 - ((255 - value) * alpha) / 255;
      return [onWhite(red), onWhite(green), onWhite(blue)];
    },
  };
}

/** PNG, third edition, section 9: each row begins with the number of its filter. */
function unfiltered(rows: Buffer, length: number, height: number, channels: number): Uint8Array {
  const pixels = new Uint8Array(length * height);
  for (let y = 0; y < height; y += 1) {
    const filter = rows[y * (length + 1)];
    for (let x = 0; x < length; x += 1) {
      const here = y * length + x;
      const left = x >= channels ? (pixels[here - channels] ?? 0) : 0;
      const up = y > 0 ? (pixels[here - length] ?? 0) : 0;
      const corner = x >= channels && y > 0 ? (pixels[here - length - channels] ?? 0) : 0;
      const added = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter ?? 0] ?? 0;
      pixels[here] = (rows[y * (length + 1) + 1 + x] ?? 0) + added;
    }
  }
  return pixels;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [left, up, corner].map((each) => Math.abs(guess - each)) as [number, number, number];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** How many squares of 8 by 8 pixels are nearly black: a letter or a line is thinner. */
export function blackSquares({ width, height, at }: Image): number {
  let count = 0;
  for (let top = 0; top + 8 <= height; top += 8) {
    for (let left = 0; left + 8 <= width; left += 8) {
      const square = Array.from({ length: 64 }, (_, index) => at(left + (index % 8), top + (index >> 3)));
      if (square.every((colours) => Math.max(...colours) < 64)) count += 1;
    }
  }
  return count;
}
