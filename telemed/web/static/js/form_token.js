/** The token that forms of a signed-in page carry: for parts of a page that are the same for all who see them. */

/**
 * *root* with the page's token in each of its forms that is sent by POST and has none.
 * @template {Element} T
 * @param {T} root
 */
export function withTokens(root) {
  const token = document.querySelector('meta[name=form-token]')?.getAttribute('content');
  if (!token) return root;
  for (const form of root.querySelectorAll('form[method=post]')) {
    if (form.querySelector('[name=form_token]')) continue;
    const field = document.createElement('input');
    field.setAttribute('type', 'hidden');
    field.setAttribute('name', 'form_token');
    field.setAttribute('value', token);
    form.prepend(field);
  }
  return root;
}
