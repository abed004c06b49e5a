<p>Not code: function fake() { }</p>
<?php
// A sample whose last lines say what is expected of it.
namespace App\Models;

use App\Base;
use App\Tools\{Hammer, Saw as Blade};
require_once __DIR__ . '/helper.php';

const LIMIT = 3;

/**
 * Boxes { things.
 */
#[Attribute]
final class Box extends Base implements Shape
{
    public const KIND = 'x';
    private array $items = ['a' => '}'];

    public function __construct(private int $a = 1) { $this->x = "}"; }

    public static function make(?int $a): static
    {
        $text = <<<TEXT
        } not the end
        TEXT;
        return new class($a) { public function run() {} };
    }
}

interface Shape { public function area(): float; }
trait Named { public function name() { return 'x'; } }
enum Suit: string { case Hearts = 'H'; public function label() { return 1; } }
function helper(int ...$a) { return $a; }
// expect: import App\Base 6
// expect: import App\Tools\Hammer 7
// expect: import App\Tools\Saw 7
// expect: import /helper.php 8
// expect: constant LIMIT 10-10
// expect: class Box 15-30 doc 12
// expect: constant Box.KIND 18-18
// expect: field Box.items 19-19
// expect: method Box.__construct 21-21
// expect: method Box.make 23-29
// expect: interface Shape 32-32
// expect: method Shape.area 32-32
// expect: trait Named 33-33
// expect: method Named.name 33-33
// expect: enum Suit 34-34
// expect: method Suit.label 34-34
// expect: function helper 35-35
