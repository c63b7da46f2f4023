/** Preloaded into a SkyOps under measurement: turns off the speed trick that WITHOUT_TRICK names. */
import { tricks } from '#foundation/tricks.ts';

const name = process.env['WITHOUT_TRICK'] ?? '';
if (!(name in tricks)) throw new Error(`There is no trick ${name}; there are ${Object.keys(tricks).join(', ')}.`);
Object.assign(tricks, { [name]: false });
