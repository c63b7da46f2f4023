// The limit of what a service on Node's HTTP server can do: the same body and nothing else.
import { createServer } from 'node:http';

const body = process.env.BODY;
const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) };
createServer((_request, response) => {
  response.writeHead(200, headers).end(body);
}).listen(Number(process.env.PORT), '127.0.0.1');
