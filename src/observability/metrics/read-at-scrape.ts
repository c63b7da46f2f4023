/** Metrics whose value is looked up when somebody scrapes; one that is not known then has no series at all. */
import { Counter, Gauge, type Registry } from '@prometheus-io/client';

/** A name, its help text, and where the value comes from; `null` is "not known here". */
type Lookups = Readonly<Record<string, readonly [help: string, read: () => number | null]>>;

export function gauges(registry: Registry, lookups: Lookups): void {
  for (const [name, [help, read]] of Object.entries(lookups)) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const value = read();
        if (value === null) this.remove();
        else this.set(value);
      },
    });
  }
}

/** For totals that somebody else counts; they only grow. */
export function counters(registry: Registry, lookups: Lookups): void {
  for (const [name, [help, read]] of Object.entries(lookups)) {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        const value = read();
        this.reset();
        if (value === null) this.remove();
        else this.inc(value);
      },
    });
  }
}
