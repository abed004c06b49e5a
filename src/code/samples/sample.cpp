// A sample whose last lines say what is expected of it.
#include <vector>

namespace outer::inner {

template <class T = int>
class Box final : public Base<T> {
public:
    explicit Box(int a) : a_{a}, b_{1} { run(); }
    ~Box() = default;
    T get() const noexcept override { return a_; }
    void set(T value);
    bool operator==(const Box& other) const { return true; }
    struct Inner { int x; };
private:
    int a_ = 3;
};

enum class Colour { Red, Green };
using Alias = std::vector<int>;

template <typename T>
void Box<T>::set(T value) {
    auto text = R"x(})x";
    a_ = 1'000;
}

struct Point *origin(int x) { return nullptr; }

}
// expect: import <vector> 2
// expect: module outer::inner 4-30
// expect: class Box 7-17
// expect: method Box.Box 9-9
// expect: method Box.~Box 10-10
// expect: method Box.get 11-11
// expect: method Box.set 12-12
// expect: method Box.operator== 13-13
// expect: struct Box.Inner 14-14
// expect: enum Colour 19-19
// expect: type Alias 20-20
// expect: method Box.set 23-26
// expect: function origin 28-28
