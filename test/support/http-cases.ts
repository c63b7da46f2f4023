/** Requests as bytes, and the status that RFC 9110 and RFC 9112 ask for: 33 on conformance in general, the rest on what attackers send. */

export type HttpCase = {
  readonly name: string;
  /** ISO 8859-1: each character is one byte. */
  readonly bytes: string;
  /** Of each answer, in order: a request that is not one gets a single refusal, and nothing behind it is looked at. */
  readonly statuses: readonly number[];
};

const one = (name: string, bytes: string, status: number): HttpCase => ({ name, bytes, statuses: [status] });

/** GET / with these lines between the request line and the empty line. */
const get = (lines: string, line = 'GET /health HTTP/1.1') => `${line}\r\n${lines}\r\n`;
const HOST = 'Host: skyops\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const post = (lines: string, body: string) => `POST /simulate-cpu HTTP/1.1\r\n${HOST}${JSON_TYPE}${lines}\r\n${body}`;
/** Refused by its content, so it can be sent a thousand times. */
const INVALID = '{"seconds":-1}';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const shown = (code: number) => `0x${code.toString(16).padStart(2, '0')}`;
/** A request whose target, header names and header values have so many bytes: what Node counts. */
const headOf = (bytes: number) => get(`${HOST}X-Large: ${'a'.repeat(bytes - '/healthHostskyopsX-Large'.length)}\r\n`);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** What every server has to get right. */
export const CONFORMANCE: readonly HttpCase[] = [
  one('a plain GET', get(HOST), 200),
  one('a GET without a Host', get(''), 400),
  one('a GET with two Hosts', get(`${HOST}Host: other\r\n`), 400),
  one('a GET with two equal Hosts', get(HOST + HOST), 400),
  one('an empty Host', get('Host: \r\n'), 200),
  one('a Host with a port', get('Host: skyops:8001\r\n'), 200),
  one('a Host that is an IPv6 address', get('Host: [::1]:8001\r\n'), 200),
  one('HTTP/1.0 without a Host', 'GET /health HTTP/1.0\r\n\r\n', 200),
  one('HEAD', get(HOST, 'HEAD /health HTTP/1.1'), 200),
  one('names of headers in any case', get('hOsT: skyops\r\nACCEPT: */*\r\n'), 200),
  one('no space behind the colon', get('Host:skyops\r\n'), 200),
  one('spaces and tabs around a value', get('Host:  \t skyops \t\r\n'), 200),
  one('an empty value', get(`${HOST}X-Empty:\r\n`), 200),
  one('a space before the colon', get(`${HOST}X-Name : 1\r\n`), 400),
  one('a line without a colon', get(`${HOST}nonsense\r\n`), 400),
  one('a folded line', get(`${HOST}X-Long: a\r\n b\r\n`), 400),
  one('white space before the first header', `GET /health HTTP/1.1\r\n ${HOST}\r\n`, 400),
  one('an empty line before the request line', `\r\n${get(HOST)}`, 200),
  one('a method that nobody knows', get(HOST, 'BREW /health HTTP/1.1'), 400),
  one('a method in small letters', get(HOST, 'get /health HTTP/1.1'), 400),
  one('no target', 'GET HTTP/1.1\r\nHost: skyops\r\n\r\n', 400),
  // RFC 9112, section 3, lets a recipient take any white space there.
  one('two spaces in the request line', get(HOST, 'GET  /health HTTP/1.1'), 200),
  one('a path that does not exist', get(HOST, 'GET /nothing HTTP/1.1'), 404),
  one('a known path with another method', get(HOST, 'PUT /health HTTP/1.1'), 405),
  one('OPTIONS *', get(HOST, 'OPTIONS * HTTP/1.1'), 404),
  one('a body with a length', post(`Content-Length: ${INVALID.length}\r\n`, INVALID), 422),
  one('a body in chunks', post(CHUNKED, `${chunk(INVALID)}0\r\n\r\n`), 422),
  one('a body in many chunks', post(CHUNKED, `${[...INVALID].map(chunk).join('')}0\r\n\r\n`), 422),
  one('chunks with an extension', post(CHUNKED, `${INVALID.length.toString(16)};a=b\r\n${INVALID}\r\n0\r\n\r\n`), 422),
  one('chunks with a trailer', post(CHUNKED, `${chunk(INVALID)}0\r\nX-Trailer: 1\r\n\r\n`), 422),
  { name: 'two requests on one connection', bytes: get(HOST) + get(HOST), statuses: [200, 200] },
  {
    name: 'a body and the next request behind it',
    bytes: post(`Content-Length: ${INVALID.length}\r\n`, INVALID) + get(HOST),
    statuses: [422, 200],
  },
  {
    name: 'Connection: close and a request behind it',
    bytes: get(`${HOST}Connection: close\r\n`) + get(HOST),
    statuses: [200],
  },
];

const versions = [
  'HTTP/2.0',
  'HTTP/3.0',
  'HTTP/0.9',
  'HTTP/1.2',
  'HTTP/11',
  'HTTP/1',
  'HTTP/1.',
  'HTTP/.1',
  'HTTP/1.1.1',
  'http/1.1',
  'HTTPS/1.1',
  'HTTP 1.1',
  'HTTP/1,1',
  'HTTP/01.1',
  'HTTP/1.01',
  'HTTP/-1.1',
  'HTTP/1.1a',
  'ICE/1.0',
  'X',
];

const badHosts = [
  'a b',
  'a/b',
  'a\\b',
  'a?b',
  'a#b',
  'user@skyops',
  'user:pass@skyops',
  'skyops:port',
  'skyops:80:80',
  'skyops:-1',
  'skyops:123456',
  '[::1',
  '::1]',
  '[::1]x',
  '[skyops]',
  '[]:80x',
  '"skyops"',
  '<skyops>',
  '{skyops}',
  'sky|ops',
  'sky^ops',
  'sky`ops',
  'skyops:80/',
  'http://skyops',
  '//skyops',
  'a\tb',
  'sk\u00ffops',
  'sky\u0080ops',
  'a[b]',
];

const tokenless = [...'"(),/;<=>?@[\\]{} '].filter((character) => character !== ' ');

const lengths = [
  '+14',
  '-14',
  '-1',
  '0x0e',
  '14 14',
  '14,14',
  '14, 15',
  '1 4',
  '1_4',
  '14.0',
  '1e1',
  '٣',
  'a',
  '14a',
  '14;',
  '99999999999999999999',
  '18446744073709551630',
  '\u00a014',
];

const codings = [
  'chunked, identity',
  'identity',
  'identity, chunked',
  'gzip',
  'gzip, chunked',
  'chunked, gzip',
  'chunked, chunked',
  'xchunked',
  'chunkedx',
  'chunk',
  '"chunked"',
  'chunked;a=b',
  ',chunked',
  'chunked,',
  'chun ked',
  '\u000bchunked',
  'chunked\u0000',
];

const sizes = [
  '',
  'g',
  '-1',
  '+e',
  '0xe',
  'e ',
  ' e',
  'e\t',
  '0e e',
  'fffffffffffffffff',
  '10000000000000000',
  'e\u0000',
  'e\n',
  'e\r',
  '\u00a0e',
  'e,',
  'e.0',
];

/** What is refused because two parsers could understand it differently, or because it is no HTTP at all. */
export const ATTACKS: readonly HttpCase[] = [
  ...versions.map((version) =>
    one(`version ${version}`, get(HOST, `GET /health ${version}`), version === 'HTTP/2.0' ? 505 : 400),
  ),
  one('no version', get(HOST, 'GET /health'), 400),
  one('a version and something behind it', get(HOST, 'GET /health HTTP/1.1 x'), 400),
  ...badHosts.map((host) => one(`Host ${JSON.stringify(host)}`, get(`Host: ${host}\r\n`), 400)),
  ...[...range(0, 8), ...range(10, 31), 127]
    .filter((code) => code !== 10 && code !== 13)
    .map((code) => one(`${shown(code)} in a value`, get(`${HOST}X-Value: a${String.fromCharCode(code)}b\r\n`), 400)),
  // Opaque, most often UTF-8: RFC 9110, section 5.5, obs-text.
  ...range(128, 159).map((code) =>
    one(`${shown(code)} in a value`, get(`${HOST}X-Value: a${String.fromCharCode(code)}b\r\n`), 200),
  ),
  one('a bare CR in a value', get(`${HOST}X-Value: a\rb\r\n`), 400),
  one('a bare LF in a value', get(`${HOST}X-Value: a\nb\r\n`), 400),
  ...[...range(0, 9), ...range(11, 12), ...range(14, 31), ...range(127, 160), 255].map((code) =>
    one(`${shown(code)} in a name`, get(`${HOST}X-${String.fromCharCode(code)}Name: a\r\n`), 400),
  ),
  ...tokenless.map((character) => one(`${character} in a name`, get(`${HOST}X${character}Name: a\r\n`), 400)),
  ...[...range(0, 31), 127]
    .filter((code) => ![10, 13].includes(code))
    .map((code) =>
      one(`${shown(code)} in the target`, get(HOST, `GET /hea${String.fromCharCode(code)}lth HTTP/1.1`), 400),
    ),
  ...[
    'http://skyops/health',
    'http://other/health',
    'https://skyops/health',
    'HTTP://skyops/health',
    'ftp://skyops/',
    'skyops:80',
    'health',
    '*',
    '?a',
    '#a',
    'x/health',
    '\\health',
  ].map((target) => one(`target ${target}`, get(HOST, `GET ${target} HTTP/1.1`), 400)),
  one('a colon before the target', get(HOST, 'GET :/health HTTP/1.1'), 400),
  ...lengths.map((length) =>
    one(`Content-Length ${JSON.stringify(length)}`, post(`Content-Length: ${length}\r\n`, INVALID), 400),
  ),
  one('a length beyond every limit', post('Content-Length: 9223372036854775808\r\n', INVALID), 413),
  one('two lengths', post(`Content-Length: 14\r\nContent-Length: 15\r\n`, INVALID), 400),
  one('two equal lengths', post(`Content-Length: 14\r\nContent-Length: 14\r\n`, INVALID), 400),
  one('a length and chunks', post(`Content-Length: 5\r\n${CHUNKED}`, `${chunk(INVALID)}0\r\n\r\n`), 400),
  one('chunks and a length', post(`${CHUNKED}Content-Length: 5\r\n`, `${chunk(INVALID)}0\r\n\r\n`), 400),
  one('a length with a space before the colon', post(`Content-Length : 14\r\n`, INVALID), 400),
  one(
    'chunks with a space before the colon',
    post(`Transfer-Encoding : chunked\r\n`, `${chunk(INVALID)}0\r\n\r\n`),
    400,
  ),
  ...codings.map((coding) =>
    one(
      `Transfer-Encoding ${JSON.stringify(coding)}`,
      post(`Transfer-Encoding: ${coding}\r\n`, `${chunk(INVALID)}0\r\n\r\n`),
      // Where chunked comes last the end of the body is known, and only the coding is not (RFC 9112, section 6.1).
      ['gzip, chunked', 'identity, chunked', ',chunked'].includes(coding) ? 501 : 400,
    ),
  ),
  one('two Transfer-Encodings', post(CHUNKED + CHUNKED, `${chunk(INVALID)}0\r\n\r\n`), 400),
  one('a folded Transfer-Encoding', post('Transfer-Encoding:\r\n chunked\r\n', `${chunk(INVALID)}0\r\n\r\n`), 400),
  one(
    'Transfer-Encoding in HTTP/1.0',
    `POST /simulate-cpu HTTP/1.0\r\n${JSON_TYPE}${CHUNKED}\r\n${chunk(INVALID)}0\r\n\r\n`,
    400,
  ),
  ...sizes.map((size) =>
    one(`chunk size ${JSON.stringify(size)}`, post(CHUNKED, `${size}\r\n${INVALID}\r\n0\r\n\r\n`), 400),
  ),
  one('a chunk that is longer than its size', post(CHUNKED, `5\r\n${INVALID}\r\n0\r\n\r\n`), 400),
  one('a chunk that ends with LF', post(CHUNKED, `e\r\n${INVALID}\n0\r\n\r\n`), 400),
  one('a chunk size that ends with LF', post(CHUNKED, `e\n${INVALID}\r\n0\r\n\r\n`), 400),
  one('a Content-Length in the trailer', post(CHUNKED, `${chunk(INVALID)}0\r\nContent-Length: 5\r\n\r\n`), 400),
  one(
    'a Transfer-Encoding in the trailer',
    post(CHUNKED, `${chunk(INVALID)}0\r\nTransfer-Encoding: chunked\r\n\r\n`),
    400,
  ),
  ...['GET', 'HEAD', 'DELETE'].flatMap((method) => [
    one(`${method} with a body`, `${get(`${HOST}Content-Length: 5\r\n`, `${method} /health HTTP/1.1`)}hello`, 400),
    one(`${method} with chunks`, `${get(HOST + CHUNKED, `${method} /health HTTP/1.1`)}${chunk('hello')}0\r\n\r\n`, 400),
    one(
      `${method} with a request as its body`,
      `${get(`${HOST}Content-Length: ${get(HOST).length}\r\n`, `${method} /health HTTP/1.1`)}${get(HOST)}`,
      400,
    ),
  ]),
  one('lines that end with LF', 'GET /health HTTP/1.1\nHost: skyops\n\n', 400),
  one('one line that ends with LF', 'GET /health HTTP/1.1\r\nHost: skyops\n\r\n', 400),
  one('lines that end with CR', 'GET /health HTTP/1.1\rHost: skyops\r\r', 400),
  one('the beginning of TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', 400),
  one('the beginning of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400),
  one('the beginning of SSH', 'SSH-2.0-OpenSSH_9.6\r\n', 400),
  one('SMTP', 'EHLO skyops\r\nMAIL FROM:<a@b>\r\n', 400),
  one('a proxy protocol line', `PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n${get(HOST)}`, 400),
  one('JSON', '{"seconds":1}\r\n\r\n', 400),
  one('an XML prolog', '<?xml version="1.0"?>\r\n\r\n', 400),
  one('nothing but zeros', '\u0000'.repeat(64), 400),
  one(
    'a valid POST behind a request with two Hosts',
    get(`${HOST}Host: b\r\n`) + post('Content-Length: 14\r\n', '{"seconds": 9}'),
    400,
  ),
  one(
    'a valid POST behind a target that cannot be read',
    get(HOST, 'GET /% HTTP/1.1') + post('Content-Length: 14\r\n', '{"seconds": 9}'),
    400,
  ),
  one('thousands of requests behind a refused one', get(`${HOST}Host: b\r\n`) + get(HOST).repeat(2000), 400),
  one('a GET with Content-Length: 00', get(`${HOST}Content-Length: 00\r\n`), 200),
  one(
    'a POST without a body that asks first',
    `DELETE /simulations HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n\r\n`,
    200,
  ),
  // With Node's optimizeEmptyRequests the type makes Fastify wait for the end of a body that never comes.
  one(
    'a DELETE with a type and no body',
    `DELETE /simulations HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n\r\n`,
    200,
  ),
  one(
    'a DELETE with a type and no body that asks first',
    `DELETE /simulations HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n`,
    200,
  ),
  one('CONNECT', get(HOST, 'CONNECT skyops:80 HTTP/1.1'), 405),
  one('TRACE', get(HOST, 'TRACE /health HTTP/1.1'), 405),
  one(
    'an upgrade to HTTP/2',
    get(`${HOST}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n`),
    200,
  ),
  one(
    'an upgrade to WebSocket',
    get(
      `${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n`,
    ),
    200,
  ),
  one('an expectation that nobody meets', post('Expect: 200-ok\r\nContent-Length: 14\r\n', INVALID), 417),
  one('a body that is announced too large', post('Expect: 100-continue\r\nContent-Length: 999999\r\n', ''), 413),
  one(
    'a body of another type that asks first',
    `POST /simulate-cpu HTTP/1.1\r\n${HOST}Content-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 14\r\n\r\n`,
    415,
  ),
  {
    name: 'a body that asks first',
    bytes: post('Expect: 100-continue\r\nContent-Length: 14\r\n', INVALID),
    statuses: [100, 422],
  },
  one('a target that is too long', get(HOST, `GET /${'a'.repeat(2048)} HTTP/1.1`), 414),
  one('headers that are too large', get(`${HOST}X-Large: ${'a'.repeat(17_000)}\r\n`), 431),
  one('headers that are too many', get(HOST + 'X-A: b\r\n'.repeat(100)), 431),
  one('as many headers as there may be', get(HOST + 'X-A: b\r\n'.repeat(99)), 200),
  // 404 and 422: let in, and then looked at.
  one('a target that is as long as it may be', get(HOST, `GET /${'a'.repeat(2047)} HTTP/1.1`), 404),
  one('a target one character longer', get(HOST, `GET /${'a'.repeat(2048)} HTTP/1.1`), 414),
  one('headers as large as they may be', headOf(16_383), 200),
  one('headers one byte larger', headOf(16_384), 431),
  one('a body as large as it may be', post('Content-Length: 16384\r\n', `{"a":"${'b'.repeat(16_376)}"}`), 422),
  one('a body that is too large', post('Content-Length: 16385\r\n', `{"a":"${'b'.repeat(16_377)}"}`), 413),
  one('chunks that are too large', post(CHUNKED, `${chunk(`{"a":"${'b'.repeat(16_377)}"}`)}0\r\n\r\n`), 413),
  ...[
    '/%61dmin',
    '//health',
    '/HEALTH',
    '/health/',
    '/health;a',
    '/health%2f',
    '/health%00',
    '/./health',
    '/a/../health',
    '/health/..',
    '/health%20',
    '/%2e/health',
    '/health/.',
  ].map((target) => one(`another spelling, ${target}`, get(HOST, `GET ${target} HTTP/1.1`), 404)),
  one('a fragment in the target', get(HOST, 'GET /health#x HTTP/1.1'), 400),
  one('a broken escape in the target', get(HOST, 'GET /health%2 HTTP/1.1'), 400),
];
