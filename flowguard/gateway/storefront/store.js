// What the browser keeps. Where it keeps nothing (private windows, a full disk), the page works without.

export function read(storage, name) {
  try { return window[storage].getItem(name); } catch { return null; }
}

export function write(storage, name, value) {
  try { window[storage].setItem(name, value); } catch { /* then it lives as long as the page */ }
}

export function forget(storage, name) {
  try { window[storage].removeItem(name); } catch { /* nothing was kept */ }
}

export function names(storage) {
  try { return Object.keys(window[storage]); } catch { return []; }
}

export function parsed(storage, name) {
  try { return JSON.parse(read(storage, name)); } catch { return null; }
}
