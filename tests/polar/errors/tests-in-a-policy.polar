test "a" { setip { f(1); } assert f(1); }
test "b" { asert f(1); }
test "c" { assert f(1) if x in [1]; }
test "d" { assert f(x: Integer) iff x > 1; }
test "e" { setup { x = User{1}; } assert f(1); }
test fixture g { assert f(1); }
test "h" { assert f(User{1, name: "x", name: "y"}); }
f(1) if g(;
