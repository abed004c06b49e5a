// A sample whose last lines say what is expected of it.
import fs, { join } from 'node:path';
import './effect.css';
const helper = require("./helper")
export { thing } from './thing.js';

/**
 * Adds.
 */
export async function add(a, { b } = {}) {
  const text = `}${`}`}`;
  function local() { return /[/}]/.test(text) }
  return a + b
}

const LIMIT = 3
export const arrow = (x) => {
  return x
}
const half = x => x / 2, other = [ { a: 1 } ]

export default class Panel extends Base {
  static kind = 'x'
  handler = () => { return 1 }
  constructor(a) { super(a) }
  get size() { return 2 }
  async *walk() {
    yield 1
  }
}

const options = {
  name: 'x',
  setup() { return 1 },
  run: function () { return { a: 1 } },
}

module.exports = {
  meta: { type: 'x' },
  create(context) {
    return {}
  }
}
Panel.prototype.close = function () { return 3 };
(function () {
  function wrapped() {}
})()
// expect: import node:path 2
// expect: import ./effect.css 3
// expect: import ./helper 4
// expect: import ./thing.js 5
// expect: function add 10-14 signature 10 doc 7
// expect: constant LIMIT 16-16
// expect: function arrow 17-19
// expect: function half 20-20
// expect: constant other 20-20
// expect: class Panel 22-30
// expect: method Panel.handler 24-24
// expect: method Panel.constructor 25-25
// expect: method Panel.size 26-26
// expect: method Panel.walk 27-29
// expect: constant options 32-36 signature 32
// expect: method options.setup 34-34
// expect: method options.run 35-35
// expect: method create 40-42
// expect: function close 44-44
// expect: function wrapped 46-46
