#: ann read draft
allow(user: User, action, post: Post) if
  action in ["read", "edit"] and
  may_write(user, post) and
  not hidden(post) and
  forall(editor in post.editors, not editor.banned);

may_write(user: User, post: Post) if
  user.banned = true or
  (post.author = user and user.is_older_than(18));

hidden(post: Post) if post.closed;
