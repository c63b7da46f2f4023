/** Load for hours: as many requests as there is time for, and everything that clients do beside them. */
import { setTimeout as pause } from 'node:timers/promises';
import { randomOf } from '#test/support/random.ts';
import { RawConnection } from './raw-connection.ts';

export type Churn = {
  readonly requests: number;
  /** Answers that were not as they must be. */
  readonly wrong: readonly string[];
  /** Resolves when nothing is under way and every connection is closed. */
  readonly rest: () => Promise<void>;
  readonly goOn: () => void;
  readonly stop: () => Promise<void>;
};

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (path: string, body: string, more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;

/** What is asked, how often in comparison, and the status. */
const QUICK: readonly (readonly [request: (random: () => number) => string, weight: number, status: number])[] = [
  [() => get('/'), 8, 200],
  [() => get('/health'), 8, 200],
  [() => get('/ready?verbose'), 2, 200],
  [() => get('/status'), 2, 200],
  [(random) => get(`/${random()}`), 4, 404],
  [() => post('/simulate-cpu', '{"seconds":-1}'), 4, 422],
  [() => post('/simulate-cpu', '{'), 2, 400],
  [() => get('/simulations'), 1, 200],
];
const DECK = QUICK.flatMap((entry) => Array.from({ length: entry[1] }, () => entry));
const HANDS = 24;

/** @param seed repeats what is sent, as far as it depends on chance; not the order in which it arrives. */
export function startChurn(port: number, seed: number): Churn {
  const random = randomOf(seed);
  let requests = 0;
  let isStopped = false;
  let resting = Promise.withResolvers<void>();
  resting.resolve();
  let isResting = false;
  let busy = 0;
  const wrong: string[] = [];

  const expect = (what: string, status: number, wanted: readonly number[]) => {
    requests += 1;
    if (!wanted.includes(status)) wrong.push(`${what.split('\r\n')[0]}: ${status}`);
  };

  /** Does one thing again and again, each time on what it opens itself and closes again. */
  async function forEver(once: () => Promise<void>, pauseMs: number): Promise<void> {
    while (!isStopped) {
      await resting.promise;
      if (isStopped) return;
      busy += 1;
      try {
        await once();
      } catch (error) {
        wrong.push((error as Error).message);
      }
      busy -= 1;
      await pause(pauseMs);
    }
  }

  const quick = async () => {
    const connection = new RawConnection(port);
    for (let count = 0; count < 500 && !isResting && !isStopped; count += 1) {
      const [request, , status] = DECK[Math.floor(random() * DECK.length)] as (typeof DECK)[number];
      const text = request(random);
      const answer = await connection.ask(text);
      expect(text, answer.status, [status]);
      if (answer.closes) break;
    }
    connection.close();
  };
  const simulation = async () => {
    const connection = new RawConnection(port);
    const text = post('/simulate-cpu', '{"cpu":"1m","seconds":0.1}', `Idempotency-Key: "${random()}"\r\n`);
    expect(text, (await connection.ask(text)).status, [200, 429]);
    connection.close();
  };
  /** Hangs up in the middle of an answer, of a body, of a head, and while it waits for a report. */
  const rude = async () => {
    for (const text of [
      get('/openapi.json'),
      post('/simulate-cpu', '{"cpu":"1m","seconds":5}'),
      'POST /simulate-cpu HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{',
      'GET / HTTP/1.1\r\nHo',
    ]) {
      const connection = new RawConnection(port);
      await connection.connected;
      connection.send(text);
      await pause(5);
      connection.close();
    }
  };
  const watcher = async () => {
    const connection = new RawConnection(port);
    connection.send(get('/events'));
    await pause(300);
    connection.close();
  };
  const scraper = async () => {
    const connection = new RawConnection(port);
    expect('scrape', (await connection.ask(get('/metrics'))).status, [200]);
    connection.close();
  };

  const running = [
    ...Array.from({ length: HANDS }, () => forEver(quick, 0)),
    // Seldom: each lets threads start and end, and the load is to be requests.
    forEver(simulation, 100),
    forEver(rude, 400),
    forEver(watcher, 20),
    forEver(scraper, 500),
  ];
  return {
    get requests() {
      return requests;
    },
    wrong,
    rest: async () => {
      isResting = true;
      resting = Promise.withResolvers<void>();
      while (busy > 0) await pause(10);
      // For the service to see that the last ones are gone, and for the last simulations to end.
      await pause(500);
    },
    goOn: () => {
      isResting = false;
      resting.resolve();
    },
    stop: async () => {
      isStopped = true;
      resting.resolve();
      await Promise.all(running);
    },
  };
}
