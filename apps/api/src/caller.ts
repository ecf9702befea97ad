/** Who asks. There is no authentication yet, and so the API listens on loopback only and everybody there is one. */
export const caller = 'anonymous@loopback';
