allow(user: User, "read", _: Doc) if user.is_admin;

test "an admin reads" {
  setup { has_role(User("ann"), "admin"); }
  assert allow(User{"ann"}, "read", Doc{1});
}
