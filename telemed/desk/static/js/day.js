// @ts-check
/** The doctor's day, as it begins. */
import { show } from './closing.js';

show();
