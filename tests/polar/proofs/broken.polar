#: ann edit draft
allow(user: User, "edit", post: Post) if
  post.author = user and
  helpful(user);

helpful(user: User) if
  user.nickname = "ann";
