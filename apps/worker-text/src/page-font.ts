/** The typeface of the reports: its Latin part, 48 kB, inside each page. */
import { fontFace, type Html } from '@baton/page';

const font = import.meta.resolve('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2');

export async function pageFont(): Promise<Html> {
  return await fontFace(font);
}
