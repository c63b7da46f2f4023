/** A length of time as a clock shows it, for tables and axes. */

/** `1:30`, minutes and seconds; from an hour on `1:00:00`. */
export function clockOf(seconds: number): string {
  const whole = Math.round(seconds);
  const twoDigits = (part: number) => String(part).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const upToMinutes = hours > 0 ? `${hours}:${twoDigits(minutes)}` : String(minutes);
  return `${upToMinutes}:${twoDigits(whole % 60)}`;
}
