#: ann read draft
allow(user, "read", post: Post) if
  cut and
  post.published and
  user.banned;

allow(_, "read", _);
