/** Reads JSON that strangers wrote: what is not as it should be gives nothing. */

export type Fields = Readonly<Record<string, unknown>>;

/** Of what others send: a frame has 4 KiB at most. */
const LENGTH_MAX = 65_536;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Returns the object that the bytes or the text say, null if they say none. */
export function readObject(
  raw: Uint8Array | string,
  lengthMax = LENGTH_MAX,
): Fields | null {
  if (raw.length > lengthMax) return null;
  try {
    const read: unknown = JSON.parse(
      typeof raw === "string" ? raw : decoder.decode(raw),
    );
    return isObject(read) ? read : null;
  } catch {
    return null; // no UTF-8, no JSON, or nested too deeply
  }
}

export function isObject(read: unknown): read is Fields {
  return typeof read === "object" && read !== null && !Array.isArray(read);
}

/** Tells whether it is an integer from 0 on that a number can hold exactly. */
export function isCount(read: unknown): read is number {
  return Number.isSafeInteger(read) && (read as number) >= 0;
}

/** Tells whether it is a number from 0 on, infinity not among them. */
export function isAmount(read: unknown): read is number {
  return typeof read === "number" && Number.isFinite(read) && read >= 0;
}

export function isText(read: unknown): read is string {
  return typeof read === "string";
}

/** Tells whether every value of an object is of one kind. */
export function isEach<T>(
  read: unknown,
  is: (value: unknown) => value is T,
): read is Readonly<Record<string, T>> {
  return isObject(read) && Object.values(read).every(is);
}

/** Tells whether it is a list of texts, at most so many. */
export function isTexts(read: unknown, max: number): read is readonly string[] {
  return Array.isArray(read) && read.length <= max && read.every(isText);
}
