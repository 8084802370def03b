// @ts-check
/** Keeps what stands behind the `#` of the link in this tab, before the form leads on to the page without it. */
import { keepOfGuest } from './invited.js';

keepOfGuest();
