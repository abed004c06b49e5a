// A sample whose last lines say what is expected of it.
@file:JvmName("Samples")
package sample.kotlin

import kotlin.math.max
import java.util.* 
import a.b.C as D

/**
 * Holds { things.
 */
@Named("x")
open class Sample<T : Any>(private val items: List<T>, var size: Int = 3) : Base(), Runnable {
    val limit: Int = 3
    var name: String = "}"
        get() = field
        set(value) { field = value }
    private val table = mapOf("a" to { 1 })

    init { println("{") }

    constructor(a: Int) : this(listOf(), a) { run() }

    override fun run() {
        val s = """
            } not the end ${ "{" }
        """
        fun inner() = 1
        object : Runnable { override fun run() {} }
    }

    suspend fun <R> load(block: suspend () -> R): R = block()

    companion object {
        const val MAX = 10
        fun of(): Sample<Int> = Sample(listOf())
    }

    enum class Colour(val code: Int) {
        RED(1),
        GREEN(2);

        fun depth() = 1
    }

    inner class Part
}

data class Pair(val a: Int, val b: Int)

sealed interface Shape {
    fun area(): Double
    data object Empty : Shape { override fun area() = 0.0 }
}

object Registry {
    fun add(x: Int) { /* } */ }
}

annotation class Named(val value: String)
typealias Names = List<String>
const val TOP = 'x'
val lazyOne by lazy { 1 }
fun String.shout(): String = this + "!"
fun <T> List<T>.second(): T { return this[1] }
// expect: import kotlin.math.max 5
// expect: import java.util.* 6
// expect: import a.b.C 7
// expect: class Sample 12-47 doc 9
// expect: field Sample.limit 14-14
// expect: field Sample.name 15-17
// expect: field Sample.table 18-18
// expect: method Sample.constructor 22-22
// expect: method Sample.run 24-30
// expect: method Sample.load 32-32
// expect: constant Sample.MAX 35-35
// expect: method Sample.of 36-36
// expect: enum Sample.Colour 39-44
// expect: constant Colour.RED 40-40
// expect: constant Colour.GREEN 41-41
// expect: method Colour.depth 43-43
// expect: class Sample.Part 46-46
// expect: class Pair 49-49
// expect: interface Shape 51-54
// expect: method Shape.area 52-52
// expect: class Shape.Empty 53-53
// expect: method Empty.area 53-53
// expect: class Registry 56-58
// expect: method Registry.add 57-57
// expect: interface Named 60-60
// expect: type Names 61-61
// expect: constant TOP 62-62
// expect: variable lazyOne 63-63
// expect: function shout 64-64
// expect: function second 65-65
