/** The URL without its parameter `ticket`; every other character stays as it was sent. */
export function withoutTicket(url: string): string {
  const query = url.indexOf('?');
  if (query === -1) return url;
  const rest = url
    .slice(query + 1)
    .split('&')
    .filter((parameter) => nameOf(parameter) !== 'ticket');
  return rest.length === 0 ? url.slice(0, query) : `${url.slice(0, query)}?${rest.join('&')}`;
}

function nameOf(parameter: string): string {
  const [name = ''] = parameter.split('=', 1);
  return new URLSearchParams(`${name}=`).keys().next().value ?? '';
}
