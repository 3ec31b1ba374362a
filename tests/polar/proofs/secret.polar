#: ann edit draft
allow(user: User, "edit", post: Post) if
  word = user.password and
  post.author.password = word and
  word.startswith("x");
