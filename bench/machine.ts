import { cpus, totalmem } from "node:os";

/** On what was measured, for the line below a table. */
export function machine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${first?.model ?? "CPU"}, ${memory} GB, ${process.platform} ${process.arch}, Node ${process.version}`;
}

/** The value below which this part of the sorted values lies: 0.5 is the median. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}
