/** What the scripts of the pages find in their window: the bundles of Swagger UI and of ReDoc. */
declare const SwaggerUIBundle: (options: Readonly<Record<string, unknown>>) => unknown;
declare const Redoc: {
  readonly init: (url: string, options: Readonly<Record<string, unknown>>, element: unknown) => void;
};

interface Window {
  ui: unknown;
  __webpack_nonce__: string | undefined;
}
