/** What an overlay's address asks for. A bad value falls back, and is told on the console. */

export const POSITIONS = [
  "bottom-left",
  "bottom-right",
  "top-left",
  "top-right",
  "full",
] as const;
export type Position = (typeof POSITIONS)[number];

export interface Look {
  /** 0.5–3: how large everything is. */
  readonly size: number;
  readonly position: Position;
  readonly isCounting: boolean;
  /** The colour of what is beneath: words are light on dark. */
  readonly theme: "dark" | "light";
}

export interface Read {
  readonly look: Look;
  /** One sentence for each value that was not taken. */
  readonly complaints: readonly string[];
}

const SIZES = { least: 0.5, most: 3, usual: 1 };

/** Read "?size=1.5&position=top-left&counts=1&theme=light". */
export function readLook(search: string): Read {
  const asked = new URLSearchParams(search);
  const complaints: string[] = [];
  const choice = <T extends string>(
    name: string,
    values: readonly T[],
    usual: T,
  ): T => {
    const value = asked.get(name);
    const found = values.find((one) => one === value);
    if (value !== null && !found)
      complaints.push(
        `${name}=${value}: one of ${values.join(", ")}; ${usual} is used.`,
      );
    return found ?? usual;
  };
  const look: Look = {
    size: readSize(asked.get("size"), complaints),
    position: choice("position", POSITIONS, "full"),
    isCounting: choice("counts", ["0", "1"], "0") === "1",
    theme: choice("theme", ["dark", "light"], "dark"),
  };
  return { look, complaints };
}

function readSize(value: string | null, complaints: string[]): number {
  const { least, most, usual } = SIZES;
  if (value === null) return usual;
  const size = /^\d+(\.\d+)?$/.test(value) ? Number(value) : NaN;
  if (size >= least && size <= most) return size;
  complaints.push(
    `size=${value}: a number from ${least} to ${most}; ${usual} is used.`,
  );
  return usual;
}
