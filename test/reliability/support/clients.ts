/** Clients of every kind that an operator has, all at once, and the count of what they asked, got and lost. */
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type RawAnswer, RawConnection } from './raw-connection.ts';

export type Tally = {
  requests: number;
  /** Answers by kind of client and status. */
  readonly answers: Map<string, number>;
  /** What came back wrong or not at all: the kind of client, and how. */
  readonly lost: string[];
};

type Kind = {
  readonly name: string;
  readonly count: number;
  readonly ask: (connection: RawConnection) => Promise<RawAnswer>;
  readonly isRight: (answer: RawAnswer) => boolean;
  /** A new connection for each request. */
  readonly isFresh: boolean;
  readonly pauseMs: number;
};

const GET = 'GET / HTTP/1.1\r\nHost: skyops\r\n\r\n';
const post = (body: string) =>
  `POST /simulate-cpu HTTP/1.1\r\nHost: skyops\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
/** Understood, looked at and refused, in any phase. */
const INVALID = post('{"seconds":-1}');
const SHORT = post('{"cpu":"1m","seconds":0.3}');

const isInfo = ({ status, body }: RawAnswer) => status === 200 && body.includes('"skyops"');
const isRefused = ({ status }: RawAnswer) => status === 422;

export type ClientOptions = {
  /** A new connection for each request, whatever kind of client it is. */
  readonly areAllFresh?: boolean;
  /** Each on the connection that it has opened at first, so slowly that none has to be recycled. */
  readonly areAllKept?: boolean;
  /** Two of the clients ask for short simulations, unless this is false. */
  readonly doSimulate?: boolean;
};

function kinds({ areAllFresh = false, areAllKept = false, doSimulate = true }: ClientOptions): readonly Kind[] {
  const kind = (name: string, count: number, rest: Partial<Kind> & Pick<Kind, 'ask' | 'isRight'>): Kind => ({
    name,
    count,
    isFresh: areAllFresh,
    pauseMs: 0,
    ...rest,
  });
  return [
    kind('GET', 12, {
      ask: (connection) => connection.ask(GET),
      isRight: isInfo,
      pauseMs: areAllKept ? 4 : areAllFresh ? 1 : 0,
    }),
    kind('GET on a new connection', areAllKept ? 0 : 2, {
      ask: (connection) => connection.ask(GET),
      isRight: isInfo,
      isFresh: true,
      pauseMs: 4,
    }),
    kind('POST', 4, { ask: (connection) => connection.ask(INVALID), isRight: isRefused, pauseMs: 2 }),
    kind('slow GET', 4, { ask: (connection) => inTwoParts(connection, GET, 25), isRight: isInfo, pauseMs: 10 }),
    kind('slow POST', 4, {
      ask: (connection) => inTwoParts(connection, INVALID, INVALID.length - 5),
      isRight: isRefused,
      pauseMs: 10,
    }),
    // Its report comes back whatever happens: complete, or cancelled by the drain, or refused with the advice to come again.
    kind('simulation', doSimulate ? 2 : 0, {
      ask: (connection) => connection.ask(SHORT),
      isRight: ({ status, body }) =>
        status === 200 || (status === 503 && body.includes('"draining"')) || status === 429,
      pauseMs: 50,
    }),
  ];
}

async function inTwoParts(connection: RawConnection, request: string, first: number): Promise<RawAnswer> {
  connection.send(request.slice(0, first));
  await pause(100 + Math.random() * 300);
  return connection.ask(request.slice(first));
}

/** Asks until it is stopped, or the test has ended. */
export function startClients(
  test: TestContext,
  port: number,
  options: ClientOptions = {},
): { tally: Tally; stop: () => Promise<void> } {
  const tally: Tally = { requests: 0, answers: new Map(), lost: [] };
  let isStopped = false;

  async function run(kind: Kind): Promise<void> {
    let kept: RawConnection | undefined;
    while (!isStopped) {
      // One that the server has closed while it was idle and unused is no loss: a client sees that before it sends.
      const connection: RawConnection = kept === undefined || kept.isClosed ? new RawConnection(port) : kept;
      kept = connection;
      tally.requests += 1;
      try {
        const answer = await kind.ask(connection);
        const key = `${kind.name} ${answer.status}`;
        tally.answers.set(key, (tally.answers.get(key) ?? 0) + 1);
        if (!kind.isRight(answer)) tally.lost.push(`${kind.name}: ${answer.status} ${answer.body.slice(0, 200)}`);
        if (answer.closes || kind.isFresh) {
          connection.close();
          kept = undefined;
        }
      } catch (error) {
        tally.lost.push(`${kind.name}: ${(error as Error).message}`);
        connection.close();
        kept = undefined;
        // A client that finds nobody does not try a thousand times a second.
        await pause(5);
      }
      if (kind.pauseMs > 0) await pause(kind.pauseMs);
    }
    kept?.close();
  }

  const running = kinds(options).flatMap((kind) => Array.from({ length: kind.count }, () => run(kind)));
  test.after(() => {
    isStopped = true;
  });
  return {
    tally,
    stop: async () => {
      isStopped = true;
      await Promise.all(running);
    },
  };
}
