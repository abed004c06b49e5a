// A sample whose last lines say what is expected of it.
import { useState } from 'react';

type Props = { title: string };
export function Card({ title }: Props) {
  const [open] = useState(false);
  return <div className="a">{open ? "don't" : title}</div>;
}
export const List = (props: Props) => <ul>{props.title}</ul>;
// expect: import react 2
// expect: type Props 4-4
// expect: function Card 5-8
// expect: function List 9-9
