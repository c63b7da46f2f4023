/** What a picture shows, in plain values: panels below each other, each with two axes and what is drawn between them. */

/** Colours by name, so that the same thing has the same colour in every picture. */
export type Colour = 'blue' | 'amber' | 'green' | 'orange' | 'violet' | 'red' | 'teal' | 'grey';

export type Axis = {
  /** With its unit: `CPU (cores)`. */
  readonly title: string;
  readonly least?: number;
  readonly most?: number;
  /** From one label to the next. */
  readonly interval?: number;
  /** Whether labels stand at whole numbers alone, as of what is counted. */
  readonly wholeNumbers?: boolean;
  readonly shown?: (value: number) => string;
};

/** An axis of names instead of numbers. */
export type NameAxis = { readonly title: string; readonly names: readonly string[] };

export type Line = {
  readonly name: string;
  readonly colour: Colour;
  readonly isDashed?: boolean;
  /** Whether the area below it is tinted, which still shows it where another line covers it. */
  readonly isFilled?: boolean;
  /** `until`: a value holds until its moment; `from`: it holds from its moment on. Straight lines otherwise. */
  readonly step?: 'until' | 'from';
  readonly points: readonly (readonly [x: number, y: number])[];
};

/** For each name of the axis the least, the middle and the most of what was measured. */
export type Ranges = {
  readonly name: string;
  readonly colour: Colour;
  readonly ranges: readonly (readonly [least: number, median: number, most: number])[];
};

export type Panel = {
  /** Where there is more than one panel. */
  readonly heading?: string;
  readonly y: Axis;
} & (
  | { readonly x: Axis; readonly lines: readonly Line[] }
  | { readonly x: NameAxis; readonly ranges: readonly Ranges[] }
);

export type Picture = {
  readonly title: string;
  /** One more line below the title; it breaks where it is too long. */
  readonly subtitle?: string;
  /** For those who do not see it. */
  readonly description: string;
  readonly panels: readonly Panel[];
};
