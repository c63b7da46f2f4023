/** The axis of time from 0 on, with at most ten labels, at whole minutes where the time is long enough. */
import { clockOf } from '#foundation/clock-time.ts';
import type { Axis } from './picture.ts';

/** From here on hours and minutes say more than minutes and seconds. */
const HOURS_FROM_SECONDS = 3600;
const INTERVALS = [15, 30, 60, 120, 300, 600, 1800, 3600, 7200];

export function timeAxis(seconds: number): Axis {
  const isInHours = seconds >= HOURS_FROM_SECONDS;
  return {
    title: isInHours ? 'time (hours:minutes)' : 'time (minutes:seconds)',
    least: 0,
    most: seconds,
    interval: INTERVALS.find((each) => seconds / each <= 10) ?? 14_400,
    // A minute is to an hour what a second is to a minute.
    shown: (at) => clockOf(isInHours ? at / 60 : at),
  };
}
