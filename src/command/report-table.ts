/** The report of a simulation as a table for people; pure. */
import { shownBytes } from '#foundation/quantity.ts';
import type { Simulation } from '#simulation/simulation.ts';

/** Rows and columns come from the report itself, so that a new kind has its table already. */
export function reportTable(simulation: Simulation): string {
  const { kind, ended_because, accuracy, throttled_seconds } = simulation;
  const amounts = { requested: simulation.requested, granted: simulation.granted, delivered: simulation.delivered };
  const columns = [
    ...new Set(
      Object.values(amounts).flatMap((row) =>
        Object.entries(row).flatMap(([name, value]) => (typeof value === 'number' ? [name] : [])),
      ),
    ),
  ];
  const rows = Object.entries(amounts).map(([name, row]) => [
    name,
    ...columns.map((column) => shown(column, (row as Readonly<Record<string, unknown>>)[column])),
  ]);
  return [
    `${kind} simulation ${simulation.id}: ${ended_because ?? simulation.state}`,
    ...alignedRows([['', ...columns.map((column) => column.replaceAll('_', ' '))], ...rows]),
    // What is no amount has no accuracy.
    `${accuracy === null ? '' : `accuracy ${accuracy} · `}throttled ${throttled_seconds === null ? 'not known' : `${throttled_seconds} s`}`,
    '',
  ].join('\n');
}

function shown(column: string, value: unknown): string {
  if (typeof value !== 'number') return '';
  return /(^|_)bytes/.test(column) ? shownBytes(value) : String(value);
}

export function alignedRows(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join('  ').trimEnd());
}
