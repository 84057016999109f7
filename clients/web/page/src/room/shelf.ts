/** What outlives a reload: the browser's storage, or memory where there is none. */

/** What this needs of the browser's `localStorage`. */
export type Storing = Pick<
  Storage,
  "getItem" | "setItem" | "removeItem" | "key" | "length"
>;

/** Keeps texts by name; what the browser does not take is kept while the page lives. */
export class Shelf {
  readonly #storage: Storing | null;
  readonly #memory = new Map<string, string>();

  /** @param storage Null where the browser forbids it. */
  constructor(storage: Storing | null) {
    this.#storage = storage;
  }

  /** Whether all that is here outlives a reload. */
  get isKept(): boolean {
    return this.#storage !== null && this.#memory.size === 0;
  }

  read(name: string): string | null {
    return this.#memory.get(name) ?? this.#storage?.getItem(name) ?? null;
  }

  write(name: string, text: string): void {
    try {
      if (!this.#storage) throw new Error("no storage");
      this.#storage.setItem(name, text);
      this.#memory.delete(name);
    } catch {
      this.#memory.set(name, text); // full or forbidden: `isKept` tells it
    }
  }

  remove(name: string): void {
    this.#memory.delete(name);
    this.#storage?.removeItem(name);
  }

  /** Returns the names that begin so, sorted. */
  names(prefix: string): string[] {
    const stored = Array.from({ length: this.#storage?.length ?? 0 }, (_, at) =>
      this.#storage?.key(at),
    );
    const names = new Set([...stored, ...this.#memory.keys()]);
    return [...names].filter((name) => name?.startsWith(prefix)).sort() as string[];
  }
}

/** Returns the browser's storage, null where it is forbidden. */
export function browserStorage(): Storing | null {
  try {
    const probe = "emostream/probe";
    localStorage.setItem(probe, "");
    localStorage.removeItem(probe);
    return localStorage;
  } catch {
    return null; // a setting of the browser, or a frame without an origin
  }
}
