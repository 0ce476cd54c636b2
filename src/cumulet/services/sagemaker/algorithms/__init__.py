"""SageMaker's built-in algorithms, made real with well-kept libraries.

The server reads from here what each one takes (`catalogue`); the job and the model's process run them. These
load the package by its path, in the job's own Python and without the server around it
(`toolkit/algorithm.py`): so modules here import each other relatively, numpy at the top, and the library that
does the work only where it is used.

https://docs.aws.amazon.com/sagemaker/latest/dg/algos.html
"""
