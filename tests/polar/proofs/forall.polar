#: ann read public
allow(_: User, "read", post: Post) if
  forall(editor in post.editors, editor.age > 18);
