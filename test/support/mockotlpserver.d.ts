/** The receiver's package has no types. */
declare module '@elastic/mockotlpserver' {
  export class MockOtlpServer {
    readonly httpUrl: string | null;
    readonly grpcUrl: string | null;
    constructor(options: Readonly<Record<string, unknown>>);
    start(): Promise<void>;
    close(): Promise<void>;
  }
}
