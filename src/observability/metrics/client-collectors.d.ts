/** The client's collectors of process and runtime metrics, which it ships without types. */
declare module '@prometheus-io/client/lib/metrics/*.js' {
  import type { Registry } from '@prometheus-io/client';
  export default function collect(registry: Registry, options?: { readonly prefix?: string }): void;
}
