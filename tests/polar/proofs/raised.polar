#: ann edit draft
allow(user: User, "edit", _: Post) if
  user.fail();
