// A sample whose last lines say what is expected of it.
package sample;

import java.util.List;
import static java.util.Map.entry;

/**
 * Holds { things.
 */
@Named(value = "x")
public class Sample<T extends List<?>> implements Runnable {
    public static final int LIMIT = 3;
    private final int[] items = {1, 2};

    public Sample(int a) { this.x = '}'; }

    @Override
    public void run() throws Exception {
        Runnable r = new Runnable() { public void run() { } };
        String s = """
            } not the end
            """;
    }

    enum Colour { RED { int depth() { return 1; } }, GREEN; int depth() { return 0; } }
    record Pair(int a, int b) { }
    @interface Named { String value() default "{"; }
}

interface Shape {
    double area();
}
// expect: import java.util.List 4
// expect: import java.util.Map.entry 5
// expect: class Sample 10-28 doc 7
// expect: constant Sample.LIMIT 12-12
// expect: field Sample.items 13-13
// expect: method Sample.Sample 15-15
// expect: method Sample.run 17-23
// expect: enum Sample.Colour 25-25
// expect: constant Colour.RED 25-25
// expect: constant Colour.GREEN 25-25
// expect: method Colour.depth 25-25
// expect: class Sample.Pair 26-26
// expect: interface Sample.Named 27-27
// expect: method Named.value 27-27
// expect: interface Shape 30-32
// expect: method Shape.area 31-31
