// @ts-check
/** The assistant's page for inviting: the doctor cannot know this guest by a secret, and compares pictures instead. */
import { Invite } from './invite.js';

const root = document.querySelector('[data-invite]');
if (root instanceof HTMLElement) new Invite(root, { proves: false }).refresh();
