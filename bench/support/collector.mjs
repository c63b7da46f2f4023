// A real OTLP receiver as a process of its own, so that its work is not counted as the service's.
import { MockOtlpServer } from '@elastic/mockotlpserver';

let spans = 0;
const server = new MockOtlpServer({
  logLevel: 'warn',
  services: ['http'],
  httpHostname: '127.0.0.1',
  httpPort: Number(process.env.PORT),
  onTrace: ({ resourceSpans }) => {
    for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans += scope.spans.length;
  },
});
await server.start();
process.on('SIGTERM', () => {
  process.stderr.write(`${spans}\n`);
  process.exit();
});
