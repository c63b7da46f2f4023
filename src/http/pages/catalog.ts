/** Every page for people; a line here serves it. */
import type { Route } from '../routes/route.ts';
import { swaggerUiRoute } from './docs.ts';
import { redocRoute } from './redoc.ts';

export const pages: readonly Route[] = [swaggerUiRoute, redocRoute];
