/** Compiles the validators of requests when they are first needed, or after the server listens: never before it can answer. */
import buildCompiler from '@fastify/ajv-compiler';
import type { App } from './routes/route.ts';

type Compile = ReturnType<ReturnType<typeof buildCompiler>>;
type Validate = ReturnType<Compile>;

export type Validators = {
  /** In place of Fastify's own, which compiles everything at start: 50 ms of CPU time in which nothing is served (measured). */
  readonly build: ReturnType<typeof buildCompiler>;
  /** Compiles what is left once the server listens, one at a time, so that no first request pays for it. */
  readonly compileOnListen: (app: App) => void;
};

export function createValidators(): Validators {
  const buildNow = buildCompiler();
  const waiting: (() => void)[] = [];

  const lazily =
    (compile: Compile): Compile =>
    (route) => {
      let compiled: Validate | undefined;
      const compileOnce = () => {
        compiled ??= compile(route);
        return compiled;
      };
      waiting.push(compileOnce);
      const validate = ((data: unknown) => {
        const check = compileOnce();
        const isValid = check(data);
        // Fastify reads them from the function that it called.
        validate.errors = check.errors ?? null;
        return isValid;
      }) as Validate;
      return validate;
    };

  return {
    build: (schemas, options) => lazily(buildNow(schemas, options)),
    compileOnListen: (app) => {
      app.addHook('onListen', async () => {
        for (const compile of waiting.splice(0)) {
          await new Promise((resolve) => setImmediate(resolve));
          compile();
        }
      });
    },
  };
}
