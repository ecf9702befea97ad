export * from './colour.ts';
export * from './font-face.ts';
export * from './html.ts';
export * from './notation.ts';
export * from './stylesheet.ts';
