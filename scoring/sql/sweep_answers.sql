SELECT * FROM answers
