/** The ranked list: a real table, whose bars only repeat what its words say. */

import type { Row } from "./ranking";
import { percent, short } from "./numbers";

export function CountTable({ rows }: { rows: readonly Row[] }) {
  const largest = Math.max(0.01, ...rows.map((row) => row.share));
  return (
    <table class="counts" data-words hidden={rows.length === 0}>
      <caption class="unseen">Reactions in this room</caption>
      <thead>
        <tr>
          <th scope="col" class="unseen">
            Emoji
          </th>
          <th scope="col" colSpan={2}>
            now
          </th>
          <th scope="col">in all</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.emoji}>
            <th scope="row">{row.emoji}</th>
            <td class="bar" aria-hidden="true">
              <i style={{ transform: `scaleX(${row.share / largest})` }} />
            </td>
            <td class="share">{percent(row.share)}</td>
            <td class="total">{short(row.total)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
