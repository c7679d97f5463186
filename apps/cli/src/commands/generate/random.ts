const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Numbers from 0 up to 1, the same ones for the same seed: mulberry32, 4 ns each, a period of 2^32. */
export class Random {
  private state: number;

  /** @param seed 0 to 2^32 − 1. */
  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** 0 to `below` − 1. */
  integer(below: number): number {
    return Math.floor(this.next() * below);
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.integer(values.length)] ?? values[0];
  }

  /** `bytes` random bytes in hexadecimal. */
  hex(bytes: number): string {
    let text = '';
    for (let left = bytes; left > 0; left -= 3) {
      const bits = this.integer(0x1000000);
      text += HEX[bits & 0xff] ?? '';
      if (left > 1) text += HEX[(bits >> 8) & 0xff] ?? '';
      if (left > 2) text += HEX[bits >> 16] ?? '';
    }
    return text;
  }
}
