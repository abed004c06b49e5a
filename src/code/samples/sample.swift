// A sample whose last lines say what is expected of it.
import Foundation
import struct UIKit.UIColor
@testable import Shop

/// Holds { things.
@MainActor
public final class Sample<T: Equatable>: Base, Runnable {
    static let limit = 3
    private var items: [T] = []
    var first: T? { items.first }
    var name: String = "}" {
        didSet { print("{") }
    }

    init(items: [T]) {
        self.items = items
    }

    deinit { items = [] }

    func run() throws -> Int {
        let s = """
            } not the end \(items.count)
            """
        func inner() {}
        return s.count
    }

    subscript(index: Int) -> T { items[index] }

    enum Colour: String {
        case red, green
        case blue = "b"
        func depth() -> Int { 0 }
    }
}

struct Pair { let a: Int; let b: Int }

protocol Shape: AnyObject {
    associatedtype Unit
    var area: Double { get }
    func scale(by factor: Double)
}

extension Sample: Shape where T: Hashable {
    func scale(by factor: Double) { /* } */ }
}

actor Counter {
    func up() {}
}

typealias Names = [String]
let top = 1
func shout(_ text: String) -> String { text + "!" }
prefix operator +++
// expect: import Foundation 2
// expect: import UIKit.UIColor 3
// expect: import Shop 4
// expect: class Sample 7-37 doc 6
// expect: field Sample.limit 9-9
// expect: field Sample.items 10-10
// expect: field Sample.first 11-11
// expect: field Sample.name 12-14
// expect: method Sample.init 16-18
// expect: method Sample.run 22-28
// expect: method Sample.subscript 30-30
// expect: enum Sample.Colour 32-36
// expect: constant Colour.red 33-33
// expect: constant Colour.green 33-33
// expect: constant Colour.blue 34-34
// expect: method Colour.depth 35-35
// expect: struct Pair 39-39
// expect: field Pair.a 39-39
// expect: field Pair.b 39-39
// expect: interface Shape 41-45
// expect: type Shape.Unit 42-42
// expect: field Shape.area 43-43
// expect: method Shape.scale 44-44
// expect: impl Sample 47-49
// expect: method Sample.scale 48-48
// expect: class Counter 51-53
// expect: method Counter.up 52-52
// expect: type Names 55-55
// expect: variable top 56-56
// expect: function shout 57-57
