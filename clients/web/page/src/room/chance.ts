/** Random texts; `crypto.randomUUID` is missing on pages over plain HTTP. */

const BYTES = 16;

/** Returns 32 hexadecimal digits that nobody else has. */
export function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
