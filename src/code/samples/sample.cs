// A sample whose last lines say what is expected of it.
using System.Text;
using Alias = System.IO.Path;

namespace Sample.Deep
{
    /// <summary>Boxes { things.</summary>
    [Serializable]
    public class Box<T> : Base where T : class
    {
        public const int Limit = 3;
        private readonly int[] _items = { 1, 2 };
        public string Name { get; set; } = "x";
        public int Size => _items.Length;

        public Box(int a) : base(a)
        {
            var text = @"c:\";
            var other = $"{a} }}";
        }

        public async Task<T> FindAsync<K>(
            K key) where K : class
        {
            return null;
        }
    }

    public interface IShape { double Area(); }
    public enum Colour { Red, Green }
    public record Pair(int A, int B);
    public delegate void Changed(int a);
}
// expect: import System.Text 2
// expect: import System.IO.Path 3
// expect: module Sample.Deep 5-33
// expect: class Box 8-27 doc 7
// expect: constant Box.Limit 11-11
// expect: field Box._items 12-12
// expect: field Box.Name 13-13
// expect: field Box.Size 14-14
// expect: method Box.Box 16-20
// expect: method Box.FindAsync 22-26 signature 23
// expect: interface IShape 29-29
// expect: method IShape.Area 29-29
// expect: enum Colour 30-30
// expect: class Pair 31-31
// expect: type Changed 32-32
