/** One palette and one typeface, for pages and the charts on them. */

export const colour = {
  ink: '#17202e',
  text: '#475467',
  faint: '#8a94a6',
  line: '#e4e8ef',
  paper: '#ffffff',
  accent: '#2f54d0',
  accentSoft: '#bccbf5',
  empty: '#f5f6f9',
  up: '#0b7a55',
  down: '#b93815',
} as const;

export const typeface = 'Inter';
