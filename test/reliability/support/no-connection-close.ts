/** Preloaded into a replica that must lose requests: it waits as long as the others, and never says Connection: close. */
import { Answer } from '#http/wire/response-headers.ts';

Answer.prototype.closeConnection = () => {};
