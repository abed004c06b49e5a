// A sample whose last lines say what is expected of it.
package sample.scala

import scala.collection.mutable
import java.util.{List => JList, Map}
import a.b._

/** Holds { things. */
@named("x")
abstract class Sample[T](val items: List[T]) extends Base with Runnable {
  val limit: Int = 3
  var name = "}"
  lazy val table = Map("a" -> { 1 })
  type Unit2 = Int

  def run(): Unit = {
    val s = """
      } not the end
    """
    def inner() = 1
  }

  def area: Double
  private class Part
}

object Sample {
  val Max = 10
  def apply(): Sample[Int] = ???
}

trait Shape {
  def scale(by: Double): Unit
}

case class Pair(a: Int, b: Int)
case object Empty extends Shape

enum Colour(val code: Int):
  case Red extends Colour(1)
  case Green, Blue

package object tools {
  def shout(s: String) = s + "!"
}

given Ordering[Int] with
  def compare(a: Int, b: Int) = a - b

extension (s: String)
  def loud: String = s + "!"

def top(x: Int): Int = x + 1
// expect: import scala.collection.mutable 4
// expect: import java.util.List 5
// expect: import java.util.Map 5
// expect: import a.b._ 6
// expect: class Sample 9-25 doc 8
// expect: field Sample.limit 11-11
// expect: field Sample.name 12-12
// expect: field Sample.table 13-13
// expect: type Sample.Unit2 14-14
// expect: method Sample.run 16-21
// expect: method Sample.area 23-23
// expect: class Sample.Part 24-24
// expect: class Sample 27-30
// expect: field Sample.Max 28-28
// expect: method Sample.apply 29-29
// expect: trait Shape 32-34
// expect: method Shape.scale 33-33
// expect: class Pair 36-36
// expect: class Empty 37-37
// expect: enum Colour 39-41
// expect: constant Colour.Red 40-40
// expect: constant Colour.Green 41-41
// expect: constant Colour.Blue 41-41
// expect: module tools 43-45
// expect: function tools.shout 44-44
// expect: function compare 48-48
// expect: function loud 51-51
// expect: function top 53-53
